#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <string>

#include "support/files.hpp"
#include "support/test_box.hpp"
#include "support/wait.hpp"

namespace cmdsrv::test {

/// A real program that steps of this box find, held before it begins until it is let go: what a test does in between
/// comes surely after the step has begun and before the program has done anything.
class HeldProgram {
 public:
  HeldProgram(TestBox& box, const std::string& name)
      : called_(box.Path("/tmp/called-" + name)), go_(box.Path("/tmp/go-" + name)) {
    for (const std::string& old : {called_, go_}) std::filesystem::remove(old);
    box.StandIn(name, fmt::format("#!/bin/sh\n: >{}\nwhile [ ! -e {} ]; do sleep 0.02; done\nexec /usr/bin/{} \"$@\"\n",
                                  called_, go_, name));
  }

  bool BecomesCalled() const {
    return WaitUntil([&] { return Exists(called_); }, seconds(30));
  }
  void LetGo() const { OrThrow(WriteText(go_, "")); }

 private:
  const std::string called_, go_;
};

}  // namespace cmdsrv::test
