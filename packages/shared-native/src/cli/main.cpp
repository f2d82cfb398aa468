// `cotenant`: plans in, records out. Prints data and messages, never prose; figures are drawn
// elsewhere.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fmt/format.h>
#include <string_view>

#include "base/error.h"
#include "cli/commands.h"
#include "cuda/coordinator/host_answer.h"
#include "cuda/driver.h"

namespace {

std::filesystem::path default_data() {
  const char* named = std::getenv("COTENANT_DATA");
  return named != nullptr && *named != '\0' ? named : COTENANT_DATA_DIR;
}

int exit_code_of(cotenant::cuda::HostFault fault) {
  switch (fault) {
  case cotenant::cuda::HostFault::input:
    return cotenant::kExitInput;
  case cotenant::cuda::HostFault::unavailable:
    return cotenant::kExitUnavailable;
  default:
    return cotenant::kExitDevice;
  }
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app("Shares one GPU between deep-learning jobs, simulated or real.", "cotenant");
  cotenant::CliContext context{.data = default_data()};
  app.set_version_flag("--version", COTENANT_VERSION);
  app.add_option("--data", context.data,
                 "Folder with gpus/ and programs/ (default: $COTENANT_DATA)");
  app.require_subcommand(1);
  cotenant::add_run_command(app, context);
  cotenant::add_validate_command(app, context);
  cotenant::add_list_commands(app, context);
  cotenant::add_program_command(app, context);
  cotenant::add_measure_command(app, context);
  cotenant::add_check_commands(app, context);
  cotenant::add_orion_command(app, context);
  cotenant::add_cuda_host_command(app, context);
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
  } catch (const cotenant::cuda::Unavailable& error) {
    const std::string_view text = error.what();
    fmt::print(stderr, "cotenant: {}{}\n",
               text.starts_with("unavailable: ") ? "" : "unavailable: ", text);
    return cotenant::kExitUnavailable;
  } catch (const cotenant::cuda::HostFailure& failure) {
    fmt::print(stderr, "cotenant: {}\n", failure.what());
    return exit_code_of(failure.fault());
  } catch (const cotenant::cuda::DeviceError& error) {
    fmt::print(stderr, "cotenant: {}\n", error.what());
    return cotenant::kExitDevice;
  } catch (const std::exception& error) {
    fmt::print(stderr, "cotenant: internal error: {}\n", error.what());
    return EXIT_FAILURE;
  }
}
