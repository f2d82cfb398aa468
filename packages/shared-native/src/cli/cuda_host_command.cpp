// cotenant cuda-host: a host of synthetic programs, started by the coordinator.
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <unistd.h>

#include "base/error.h"
#include "cli/commands.h"
#include "cuda/driver.h"
#include "cuda/host.h"
#include "cuda/present_gpu.h"

namespace cotenant {
namespace {

using nlohmann::ordered_json;

constexpr int kAnswers = 3; ///< standard output is for whatever libraries print

nlohmann::ordered_json present() {
  const cuda::Driver& driver = cuda::driver();
  cuda::Device device = 0;
  const cuda::Result result = driver.device_get(&device, 0);
  if (result != cuda::kSuccess) {
    throw cuda::Unavailable(cuda::describe(driver, result, "no usable GPU: cuDeviceGet"));
  }
  return cuda::describe_gpu(driver, device);
}

void write_answer(const std::string& answer) {
  const std::string line = answer + "\n";
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(kAnswers, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      throw IoError(fmt::format("descriptor {}: {}", kAnswers, std::strerror(errno)));
    }
  }
}

/// The context is made with the first command, so that its failure has someone to be told to.
class SyntheticHost {
 public:
  explicit SyntheticHost(std::filesystem::path data) : data_(std::move(data)) {}

  std::string answer(const std::string& line, const std::string& command) {
    try {
      if (!host_) {
        host_.emplace(cuda::driver(), data_);
      }
      const auto begin = std::chrono::steady_clock::now();
      std::string text = host_->answer(line);
      if (command != "hello" && command != "load") {
        return text;
      }
      ordered_json answer = ordered_json::parse(text);
      if (answer.value("ok", false) && command == "hello") {
        answer["kind"] = "synthetic";
        answer["software"] = {{"cotenant", COTENANT_VERSION}};
      } else if (answer.value("ok", false)) {
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        answer["seconds"] = took.count();
      }
      return answer.dump();
    } catch (const cuda::Unavailable& error) {
      return failure("unavailable", error.what());
    } catch (const std::exception& error) {
      return failure("device", error.what());
    }
  }

 private:
  static std::string failure(const char* kind, const char* text) {
    return ordered_json{{"ok", false}, {"kind", kind}, {"error", text}}.dump();
  }

  std::filesystem::path data_;
  std::optional<cuda::Host> host_;
};

void serve(const std::filesystem::path& data) {
  if (::fcntl(kAnswers, F_GETFD) < 0) {
    throw CLI::ValidationError("cuda-host", "is started by 'cotenant run --lane cuda'");
  }
  SyntheticHost host(data);
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto request = nlohmann::json::parse(line, nullptr, false);
    const std::string command = request.is_object() ? request.value("do", "") : "";
    if (command == "quit") {
      return;
    }
    write_answer(host.answer(line, command));
  }
}

} // namespace

void add_cuda_host_command(CLI::App& app, CliContext& context) {
  auto describe = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("cuda-host", "Serve the host protocol")->group("");
  command->add_flag("--describe", *describe, "Only say which GPU there is, as JSON");
  command->callback([describe, &context] {
    if (*describe) {
      fmt::print("{}\n", present().dump());
    } else {
      serve(context.data);
    }
  });
}

void print_present_gpu(bool json) {
  const ordered_json gpu = present();
  if (json) {
    fmt::print("{}\n", gpu.dump(1));
    return;
  }
  fmt::print("{}, {} SMs, {:.0f} GB, driver {}, {}\n", gpu["name"].get<std::string>(),
             gpu["sms"].get<int>(), gpu["memory_bytes"].get<double>() / 1e9,
             gpu["driver"].get<std::string>(), gpu["uuid"].get<std::string>());
}

} // namespace cotenant
