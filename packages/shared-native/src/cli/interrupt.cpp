#include "cli/interrupt.h"

#include <csignal>

namespace cotenant {
namespace {

volatile std::sig_atomic_t caught = 0;
extern "C" void on_interrupt(int /*signal*/) {
  caught = 1;
}

} // namespace

void catch_interrupts() {
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
}

bool interrupted() {
  return caught != 0;
}

} // namespace cotenant
