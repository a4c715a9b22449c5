#pragma once

#include <chrono>
#include <functional>

namespace cmdsrv::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Looks again and again until `condition` holds; false when it still does not at the deadline. Tests wait for what
/// must happen, never for a time to pass. Every deadline grows where the machine is slow: under sanitizers, or by the
/// environment variable CMDSRV_TEST_SLOWNESS (a factor).
bool WaitUntil(const std::function<bool()>& condition, milliseconds deadline);

/// `deadline` times the factor above.
milliseconds Patiently(milliseconds deadline);

}  // namespace cmdsrv::test
