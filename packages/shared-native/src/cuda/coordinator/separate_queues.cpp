#include "cuda/coordinator/separate_queues.h"

#include <algorithm>
#include <vector>

#include "cuda/cuda_device.h"

namespace cotenant::cuda {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kOps = 300;       ///< whose pace is looked at
constexpr std::size_t kOpsBeside = 900; ///< which last longer
constexpr std::size_t kSpares = 6;
constexpr int kTries = 5;           ///< until all ops are queued in time
constexpr Nanos kLead = 15'000'000; ///< to queue them, and to tell the hosts
constexpr double kHeldUp = 1.4;     ///< 1.0 to 1.15 in queues of their own, 1.6 and more in one

/// A stream in which `ops` small ops are to run.
struct Asked {
  QueueUser user;
  std::size_t ops = 0;
};

/// What the hosts answer, by stream; empty if one was late.
std::vector<double> periods(const std::vector<Asked>& asked, Nanos lead,
                            const std::function<void()>& tick) {
  const Nanos at = monotonic_now() + lead;
  std::vector<HostProcess*> hosts;
  std::vector<ordered_json> requests;
  for (const auto& [user, ops] : asked) {
    const ordered_json stream = {{"lane", user.stream.lane},
                                 {"first", user.stream.first},
                                 {"spare", user.stream.spare},
                                 {"ops", ops}};
    if (const auto known = std::ranges::find(hosts, user.host); known != hosts.end()) {
      requests[static_cast<std::size_t>(known - hosts.begin())]["streams"].push_back(stream);
    } else {
      hosts.push_back(user.host);
      requests.push_back({{"do", "pace"}, {"at_ns", at}, {"streams", {stream}}});
    }
  }
  for (std::size_t h = 0; h < hosts.size(); ++h) {
    hosts[h]->request(requests[h], "looking for hardware queues", kLoadLimit);
  }
  const std::vector<HostReply> replies = await_replies(hosts, tick);
  throw_failure(replies);
  std::vector<double> all;
  for (const HostReply& reply : replies) {
    const HostPace pace = read_pace(reply.answer);
    if (pace.late) {
      return {};
    }
    all.insert(all.end(), pace.period.begin(), pace.period.end());
  }
  if (all.size() != asked.size()) {
    throw HostFailure(HostFault::lost,
                      "the answers to \"pace\" are not about the streams asked for");
  }
  return all;
}

/// The first of the periods; a host that was late gets more time.
double first_period(const std::vector<Asked>& asked, const std::function<void()>& tick) {
  Nanos lead = kLead;
  for (int i = 0; i < kTries; ++i, lead *= 2) {
    if (const std::vector<double> found = periods(asked, lead, tick); !found.empty()) {
      return found.front();
    }
  }
  throw HostFailure(HostFault::device,
                    "small ops could not be queued in time to see how they follow each other");
}

} // namespace

ordered_json QueueChoice::summary() const {
  return {{"shared", shared}, {"alone_ns", alone_ns}, {"beside_ns", beside_ns}};
}

QueueChoice separate_queues(const std::array<QueueUser, 2>& users,
                            const std::function<void()>& tick) {
  QueueChoice choice;
  const Asked beside{.user = users[1], .ops = kOpsBeside};
  Asked paced{.user = users[0], .ops = kOps};
  for (choice.spare = 0; choice.spare < kSpares; ++choice.spare) {
    paced.user.stream.spare = choice.spare;
    choice.alone_ns = first_period({paced}, tick);
    choice.beside_ns = first_period({paced, beside}, tick);
    choice.shared = choice.beside_ns > kHeldUp * choice.alone_ns;
    if (!choice.shared) {
      return choice;
    }
  }
  choice.spare = 0;
  return choice;
}

} // namespace cotenant::cuda
