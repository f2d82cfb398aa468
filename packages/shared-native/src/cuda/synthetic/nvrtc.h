// NVIDIA's run-time compiler, loaded at run time like the driver.
#pragma once

#include <functional>
#include <string>

namespace cotenant::cuda::synthetic {

/// CUDA C++ and an architecture ("sm_90") in, a cubin out. Throws Unavailable when there is no
/// compiler, DeviceError with its first complaint when it refuses.
using Compiler =
    std::function<std::string(const std::string& source, const std::string& architecture)>;

/// Compiles with NVRTC. The library is found under its usual names, where the framework of this
/// process has loaded it already, below /usr/local/cuda, or where COTENANT_NVRTC says.
std::string compile_with_nvrtc(const std::string& source, const std::string& architecture);

} // namespace cotenant::cuda::synthetic
