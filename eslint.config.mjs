import tseslint from 'typescript-eslint';

/** Type-checked rules everywhere: they find the `any` that JSON.parse lets in, which syntax-only linters cannot. */
export default tseslint.config(
  { ignores: ['**/node_modules/', '**/out/', '**/build*/', '**/dist*/', '.nx/'] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        project: './tsconfig.json',
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      // Numbers in messages are the rule here, not an accident.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // An index signature's fields read alike in data and in code: figure['gpu'], figure['systems'].
      '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
    },
  },
  {
    // jest's expect() takes methods unbound; a test's callbacks need no return types.
    files: ['**/*.test.ts'],
    rules: { '@typescript-eslint/unbound-method': 'off' },
  },
  {
    // nx loads plugins as plain JavaScript; their types are in JSDoc, checked by tsc.
    files: ['**/*.mjs'],
    extends: [tseslint.configs.disableTypeChecked],
  },
);
