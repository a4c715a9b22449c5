#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace cmdsrv {

/// "Is the internet there?": name lookup and TCP connect to one host within 5 s in all. A yes is remembered for 10 s;
/// callers at the same time share one probe. Any thread; blocks at most the deadline.
class InternetProbe {
 public:
  InternetProbe(std::string host, std::uint16_t port);
  bool Available();

  /// For showing: the answer of the last probe when it is not older than 10 minutes, and a new probe is begun for the
  /// next one who asks. Waits as Available does when there is no such answer, and at most 50 ms when it is a no.
  bool Recent();

  /// The same without waiting, always looked at anew: `done` is called once, in some thread, also when the probe is
  /// gone by then.
  void Ask(std::function<void(bool)> done);

 private:
  struct State;
  std::shared_ptr<State> state_;  ///< shared with the thread of a lookup that hangs longer than we live
};

}  // namespace cmdsrv
