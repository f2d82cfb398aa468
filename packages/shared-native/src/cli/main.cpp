// `cotenant`: plans in, records out. Prints data and messages, never prose; figures are drawn
// elsewhere.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fmt/format.h>

#include "base/error.h"
#include "cli/commands.h"

namespace {

std::filesystem::path default_data() {
  const char* named = std::getenv("COTENANT_DATA");
  return named != nullptr && *named != '\0' ? named : COTENANT_DATA_DIR;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app("Shares one GPU between deep-learning jobs, in simulation.", "cotenant");
  cotenant::CliContext context{.data = default_data()};
  app.set_version_flag("--version", COTENANT_VERSION);
  app.add_option("--data", context.data,
                 "Folder with gpus/ and programs/ (default: $COTENANT_DATA)");
  app.require_subcommand(1);
  cotenant::add_run_command(app, context);
  cotenant::add_validate_command(app, context);
  cotenant::add_list_commands(app, context);
  cotenant::add_program_command(app, context);
  try {
    app.parse(argc, argv);
    return context.exit_code;
  } catch (const CLI::Success& done) {
    return app.exit(done); // --help, --version
  } catch (const CLI::Error& error) {
    fmt::print(stderr, "cotenant: {}; see cotenant --help\n", error.what());
    return cotenant::kExitUsage;
  } catch (const cotenant::InputError& error) {
    fmt::print(stderr, "cotenant: {}\n", error.what());
    return cotenant::kExitInput;
  } catch (const cotenant::IoError& error) {
    fmt::print(stderr, "cotenant: {}\n", error.what());
    return cotenant::kExitIo;
  } catch (const std::exception& error) {
    fmt::print(stderr, "cotenant: internal error: {}\n", error.what());
    return EXIT_FAILURE;
  }
}
