#pragma once

#include <memory>
#include <string>
#include <variant>

#include "base/json.hpp"

namespace cmdsrv {

/// {"Success": "<VERB> text."}: `text` may be empty, which gives "<VERB> .".
struct Success {
  std::string text;
};
/// {"Success": "text"} with nothing added.
struct Sentence {
  std::string text;
};
/// {"Warning": "text <VERB>."}
struct Warning {
  std::string text;
};
/// JSON text that is ready to send, shared so that a cached reply is not copied per request.
using ReadyJson = std::shared_ptr<const std::string>;
/// JSON text made for this reply alone; it becomes the reply as it is.
struct JsonText {
  std::string text;
};

/// What a handler has to say when it could answer at once.
using Answer = std::variant<json::value, ReadyJson, JsonText, Success, Sentence, Warning>;

}  // namespace cmdsrv
