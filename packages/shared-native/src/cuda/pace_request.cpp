#include "cuda/pace_request.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "cuda/pace.h"

namespace cotenant::cuda {

nlohmann::ordered_json answer_pace(const Driver& driver, ClientStreams& streams,
                                   const nlohmann::json& request) {
  std::vector<PacedStream> paced;
  for (const nlohmann::json& one : request.at("streams")) {
    const auto ops = one.at("ops").get<std::size_t>();
    if (ops < 2 || ops > kMostPacedOps) {
      throw InputError(fmt::format("request.streams[{}].ops: is {}; expected 2 to {}", paced.size(),
                                   ops, kMostPacedOps));
    }
    paced.push_back({.stream = streams.of({.lane = one.at("lane").get<std::size_t>(),
                                           .first = one.at("first").get<bool>(),
                                           .spare = one.at("spare").get<std::size_t>()}),
                     .ops = ops});
  }
  const Pace pace = pace_of(driver, paced, request.at("at_ns").get<Nanos>());
  return {{"period_ns", pace.period}, {"late", pace.late}};
}

} // namespace cotenant::cuda
