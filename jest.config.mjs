/** One run over every project, so that there is one closing line. */
export default {
  projects: ['<rootDir>/{tools,packages}/*/jest.config.mjs'],
};
