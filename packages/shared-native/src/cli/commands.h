// The subcommands of `cotenant`. Each adds its options to the command line and runs when chosen.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <string>

namespace cotenant {

// Exit codes, after sysexits.h.
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 64;
inline constexpr int kExitInput = 65;
inline constexpr int kExitUnavailable = 69;
inline constexpr int kExitDevice = 71; ///< EX_OSERR: the GPU, or a process that uses it, failed
inline constexpr int kExitIo = 74;
inline constexpr int kExitInterrupted = 130;

/// What all subcommands share.
struct CliContext {
  std::filesystem::path data; ///< holds gpus/, programs/ and schemas/
  int exit_code = 0;
};

void add_run_command(CLI::App& app, CliContext& context);
void add_validate_command(CLI::App& app, CliContext& context);
void add_list_commands(CLI::App& app, CliContext& context);
void add_program_command(CLI::App& app, CliContext& context);
void add_measure_command(CLI::App& app, CliContext& context);
void add_check_commands(CLI::App& app, CliContext& context);
void add_orion_command(CLI::App& app, CliContext& context);
void add_cuda_host_command(CLI::App& app, CliContext& context);

/// The GPU of this machine. Throws cuda::Unavailable.
void print_present_gpu(bool json);

} // namespace cotenant
