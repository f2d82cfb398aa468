#include "cuda/synthetic/synthetic.h"

namespace cotenant::cuda {

LiveProgram make_synthetic(const Driver& /*driver*/, const GpuSpec& /*gpu*/,
                           const Program& program) {
  throw Unavailable(program.name + ": synthetic kernels are not built yet");
}

} // namespace cotenant::cuda
