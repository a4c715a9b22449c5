#include "protocol/reply.hpp"

#include <string.h>

#include <utility>

#include "base/names.hpp"
#include "base/text.hpp"

namespace cmdsrv {
namespace {

constexpr std::string_view kErrorKey = "\"Error\":";

/// {"Error": "text"}: the eight characters of kErrorKey are what an old gateway looks for.
std::string Said(std::string_view kind, std::string_view text) {
  std::string reply = "{";
  AppendJsonString(reply, kind);
  reply += ": ";
  AppendJsonString(reply, ToUtf8(text));
  reply += '}';
  return reply;
}

/// A verb that breaks the grammar is a client's text, not a name: it is not sent back.
std::string_view Shown(std::string_view verb) { return IsVerb(verb) ? verb : std::string_view{}; }

std::string WithVerb(std::string_view text, std::string_view verb) { return fmt::format("{} {}.", text, Shown(verb)); }

/// An old gateway takes every reply with the text "Error": for an error. In data that can only be a real key, because
/// quotes inside JSON texts are escaped; a blank before the colon hides it and changes no meaning.
std::string HideErrorKeys(std::string text) {
  const auto next = [&](std::size_t from) {
    // memmem looks for the whole key; std::string::find stops at every quote, and JSON is full of them.
    const void* found = ::memmem(text.data() + from, text.size() - from, kErrorKey.data(), kErrorKey.size());
    return found != nullptr ? static_cast<std::size_t>(static_cast<const char*>(found) - text.data()) : text.npos;
  };
  std::size_t at = next(0);
  if (at == text.npos) return text;
  std::string hidden;
  std::size_t done = 0;
  for (; at != text.npos; at = next(done)) {
    const std::size_t colon = at + kErrorKey.size() - 1;
    hidden.append(text, done, colon - done) += ' ';
    done = colon;
  }
  return hidden.append(text, done);
}

std::string Valid(std::string text) { return IsUtf8(text) ? std::move(text) : ToUtf8(text); }

struct AnswerPrinter {
  std::string_view verb;

  std::string operator()(const json::value& value) const {
    std::string text = Valid(PrintJson(value));
    const bool is_error = value.is_object() && value.get_object().contains("Error");
    return is_error ? text : HideErrorKeys(std::move(text));
  }
  std::string operator()(const ReadyJson& ready) const { return ready ? HideErrorKeys(Valid(*ready)) : "null"; }
  std::string operator()(JsonText&& made) const { return HideErrorKeys(Valid(std::move(made.text))); }
  std::string operator()(const Success& success) const {
    return Said("Success", fmt::format("{} {}.", Shown(verb), success.text));
  }
  std::string operator()(const Sentence& sentence) const { return Said("Success", sentence.text); }
  std::string operator()(const Warning& warning) const { return Said("Warning", WithVerb(warning.text, verb)); }
};

}  // namespace

std::string ToReply(std::string_view verb, Answer answer) { return std::visit(AnswerPrinter{verb}, std::move(answer)); }

std::string ToReply(std::string_view verb, const Error& error) {
  switch (error.code) {
    case ErrorCode::Malformed: return Said("Error", WithVerb("Malformed Command", verb));
    case ErrorCode::Refused:
    case ErrorCode::Unavailable:
    case ErrorCode::Busy:
    case ErrorCode::Timeout:
    case ErrorCode::NoNetwork:
    case ErrorCode::TryLater:
    case ErrorCode::NoSpace:
    case ErrorCode::NotFound:
      if (error.message.empty()) return Said("Error", WithVerb("Internal Server Error processing Command", verb));
      return Said("Error", WithVerb(error.message, verb));
    case ErrorCode::Stated:
    case ErrorCode::Duplicate: return Said("Error", error.message);
    case ErrorCode::Io:
    case ErrorCode::Corrupt:
    case ErrorCode::Newer:
    case ErrorCode::Internal: break;
  }
  return Said("Error", fmt::format("Unexpected error in Command {}", Shown(verb)));
}

std::string JobScheduledReply(JobId last) { return Said("Success", fmt::format("Job  {} Scheduled.", last)); }

std::string UnknownReply() { return Said("Error", "Unknown Command"); }

std::string InitFailedReply() { return R"({"Error": "IIAB-CMDSRV failed to initialize","Alert": "True"})"; }

std::string StoppingReply() { return Said("Status", "Stopping"); }

std::string BusyReply(std::string_view verb) { return Said("Error", WithVerb("Command Server is too busy.", verb)); }

std::string RefusedWhileStoppingReply(std::string_view verb) {
  return Said("Error", WithVerb("Command Server is stopping.", verb));
}

std::string InternetReply(std::string_view verb) {
  return Said("Error", WithVerb("Internet is Required for this Command, but Not Available.", verb));
}

Error DuplicateError(std::string_view shown) {
  std::string text;
  for (const char c : shown) {
    if (c != '"') text += c;
  }
  return {ErrorCode::Duplicate, Shorten(text, 200) + " duplicates an Active Command"};
}

}  // namespace cmdsrv
