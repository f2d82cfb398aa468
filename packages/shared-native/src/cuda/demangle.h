// Kernel names as people read them.
#pragma once

#include <string>

namespace cotenant::cuda {

/// The C++ name behind a symbol, or the symbol itself where it is none. Profilers, and so recorded
/// programs, show names in this form.
std::string demangled(const char* symbol);

} // namespace cotenant::cuda
