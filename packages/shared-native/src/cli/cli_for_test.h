// The command line as users meet it: the real binary, its exit code and what it prints.
#pragma once

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <string>
#include <sys/wait.h>

#include "run/workspace_for_test.h"

namespace cotenant::testing {

/// The binary under test: that of this build, or another one (an instrumented one, say) by name.
inline std::string binary() {
  const char* named = std::getenv("COTENANT_BINARY");
  return named != nullptr ? named : COTENANT_BINARY;
}

struct Outcome {
  int code = 0;
  std::string output; ///< standard output and error
};

/// A data folder of its own, and the binary on it.
class Cli : public ::testing::Test {
 protected:
  Outcome shell(const std::string& command) {
    std::FILE* pipe = ::popen(("exec 2>&1; " + command).c_str(), "r");
    Outcome outcome;
    std::array<char, 4096> buffer{};
    std::size_t count = 0;
    while ((count = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0) {
      outcome.output.append(buffer.data(), count);
    }
    const int status = ::pclose(pipe);
    outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return outcome;
  }
  Outcome cotenant(const std::string& arguments) {
    return shell(binary() + " --data " + space.data().string() + " " + arguments);
  }
  Outcome run(const nlohmann::json& plan, const std::string& more = "") {
    return cotenant("run " + space.write(plan).string() + " --out " + space.out().string() + " " +
                    more);
  }
  static void expect_one_line(const Outcome& outcome) {
    EXPECT_TRUE(outcome.output.starts_with("cotenant: ")) << outcome.output;
    EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1) << outcome.output;
  }

  WorkspaceForTest space;
};

} // namespace cotenant::testing
