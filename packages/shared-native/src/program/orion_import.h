// Importer of Orion's published kernel files (Name,Profile,Memory_footprint,SM_usage,Duration).
#pragma once

#include <string>
#include <string_view>

#include "device/gpu_spec.h"
#include "program/program.h"

namespace cotenant {

/// One kernel per row, in order, labelled imported. The files say how many SMs a kernel needs but
/// not its grid: it gets one of 256-thread blocks that needs as many SMs of `gpu`, which must be
/// the GPU that the file was made for. They hold no counters, phases or memory either. Model, mode,
/// batch and precision are taken from a `name` of the form
/// <model>-<inference|training>-b<batch>-<precision>.
///
/// Columns behind the five are ignored. Names are not quoted in the published files; a row with too
/// many fields is taken to have commas in its name if they are within brackets. Anything else that
/// does not fit is refused with file and row.
Program import_orion_kernels(std::string_view csv, const std::string& source,
                             const std::string& name, const GpuSpec& gpu);

} // namespace cotenant
