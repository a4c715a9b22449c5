#pragma once

#include <map>
#include <string>
#include <vector>

#include "daemon/chaos_kinds.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {

/// A box whose server runs chaos_step instead of its own steps: the real daemon and shim, in a tree of programs of
/// their own.
class ChaosBox {
 public:
  explicit ChaosBox(int max_running);

  TestBox& Box() { return box_; }
  Daemon Start();

  /// The element of TEST-JOB's `steps` for a step of this kind; `hundredths` of a second below 100. `number` makes two
  /// Commands different.
  static std::string StepText(Kind kind, int hundredths, int number);

  struct Note {
    long job = 0;
    std::string what;  ///< "begin", "end", "stubborn", "doubled"
    long long ms = 0;  ///< CLOCK_MONOTONIC
  };
  /// What the steps wrote down, in order.
  std::vector<Note> Notes() const;

  struct Row {
    long group = 0;
    int step = 0;
    long after = 0;
    std::string status, output;
  };
  /// The jobs of the database; the server may run.
  std::map<long, Row> Rows() const;
  long Unfinished() const;

  std::string StateDirectory() const { return box_.Path("/var/lib/iiab-cmdsrv"); }

 private:
  TestBox box_;
};

}  // namespace cmdsrv::test
