#pragma once

namespace cmdsrv::test {

/// What a step of chaos_step does after its pause, or instead of it.
enum class Kind {
  Well,          ///< exit status 0
  Fails,         ///< exit status 3
  LeavesChild,   ///< a process in a session of its own stays behind
  Stubborn,      ///< for ever, with a child and a forked-away grandchild; none listens to INT and TERM
  Prints,        ///< 200 MB
  ClosesOutput,  ///< standard output and error, and goes on
  Crashes,       ///< SIGSEGV
  Brood,         ///< ten processes fork away, half of them deaf; exit status 1
};

}  // namespace cmdsrv::test
