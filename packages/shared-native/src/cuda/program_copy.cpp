#include "cuda/program_copy.h"

#include <fmt/format.h>
#include <map>

namespace cotenant::cuda {

std::vector<std::string> program_copies(const Plan& plan, const std::vector<std::size_t>& clients) {
  std::map<std::string, int> used;
  std::vector<std::string> names;
  for (const std::size_t c : clients) {
    const std::string& program = plan.clients[c].program;
    const int copy = ++used[program];
    names.push_back(copy == 1 ? program : fmt::format("{}#{}", program, copy));
  }
  return names;
}

std::string recorded_program(const std::string& copy) {
  const std::size_t digits = copy.find_last_not_of("0123456789");
  const bool numbered =
      digits != std::string::npos && copy[digits] == '#' && digits + 1 < copy.size();
  return numbered ? copy.substr(0, digits) : copy;
}

} // namespace cotenant::cuda
