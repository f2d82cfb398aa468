// Whether the tests are built with sanitizers. These look at what code does and not at how often: what
// takes a minute under them does with fewer cases there, and has all of them in the release build.
#pragma once

namespace cotenant {

#ifdef COTENANT_SANITIZED
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

} // namespace cotenant
