#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "jobs/ansible_tally.hpp"
#include "jobs/progress.hpp"

namespace cmdsrv {

/// What lines of a tool said that later lines need. Texts are cut, so it stays small whatever a tool prints.
struct ProgressContext {
  std::int64_t wget_length = -1;
  std::string wget_file;
  AnsibleTally ansible;
  std::string plain_line;  ///< the newest line that is no progress: rsync names a file before it tells of it
};

/// One line of each tool; empty when the line is none of its progress lines. Pure. The phase of the result is clean
/// (see CleanPhase); numbers are what the line says and may go backwards.
std::optional<Progress> ReadWgetLine(std::string_view line, ProgressContext& context);
std::optional<Progress> ReadAria2Line(std::string_view line);
std::optional<Progress> ReadRsyncLine(std::string_view line, const ProgressContext& context);
std::optional<Progress> ReadRcloneLine(std::string_view line);
std::optional<Progress> ReadAnsibleLine(std::string_view line, ProgressContext& context);

/// Follows what a step prints, whatever program it is: wget, aria2c, rsync, rclone, ansible-playbook, lines of our own.
/// Bytes come in any pieces, the result does not depend on where they are cut. Within a phase neither bytes nor percent
/// go backwards. Memory is bounded; every input is harmless. Once a step has spoken in lines of our own, nothing else
/// that it prints counts.
class ProgressTracker {
 public:
  void Add(std::string_view bytes);

  const std::optional<Progress>& First() const { return first_; }
  const std::optional<Progress>& Newest() const { return newest_; }

 private:
  void EndLine();
  std::optional<Progress> Read(std::string_view line);

  std::string line_;
  bool too_long_ = false;
  bool own_lines_ = false;
  ProgressContext context_;
  std::optional<Progress> first_;
  std::optional<Progress> newest_;
};

/// The newest progress in the end of an output.
std::optional<Progress> NewestProgress(std::string_view output);

}  // namespace cmdsrv
