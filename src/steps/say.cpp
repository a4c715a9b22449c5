#include "steps/say.hpp"

#include <cstdio>

#include "base/text.hpp"

namespace cmdsrv {

void SayLine(std::string_view line) {
  const std::string text = EscapeControls(line) + '\n';
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace cmdsrv
