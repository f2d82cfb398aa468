// A client as details of a run are written for it.
#pragma once

#include <string>

#include "program/program.h"

namespace cotenant {

/// REQUIRES: the program outlives what is made with the track.
struct Track {
  std::string client; ///< its name
  const Program* program = nullptr;
};

} // namespace cotenant
