// What identifies the code behind a result.
#pragma once

#include <string>

namespace cotenant {

/// What a result of `system` depends on, code-wise: the fingerprint that the build left beside the
/// binary, or, for a binary without its build folder, the binary itself. Results of the real GPU depend
/// on more: their fingerprints are named cuda-<system>.
std::string code_fingerprint(const std::string& system);

} // namespace cotenant
