#include "ctl/log_filter.hpp"

#include <utility>

namespace cmdsrv::ctl {
namespace {

constexpr std::string_view kMark = "@progress ";

}  // namespace

std::string LogFilter::Take(std::string_view piece) {
  std::string out;
  for (const char c : piece) {
    if (line_ == Line::Begins) {
      held_ += c;
      if (held_ == kMark) {
        line_ = Line::Dropped;
        held_.clear();
      } else if (!kMark.starts_with(held_)) {
        line_ = Line::Shown;
        out += Rest();
      }
    } else if (line_ == Line::Shown) {
      out += c;
    }
    if (c == '\n') line_ = Line::Begins;
  }
  return out;
}

std::string LogFilter::Rest() { return std::exchange(held_, {}); }

}  // namespace cmdsrv::ctl
