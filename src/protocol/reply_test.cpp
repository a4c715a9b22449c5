#include "protocol/reply.hpp"

#include <gtest/gtest.h>

namespace cmdsrv {
namespace {

std::string Failed(ErrorCode code, std::string message, std::string_view verb = "TEST") {
  return ToReply(verb, Error{code, std::move(message)});
}

bool LooksLikeAnError(const std::string& reply) { return reply.find("\"Error\":") != std::string::npos; }

// Spec protocol 6.1, row by row.
TEST(Reply, PatternsOfAnswers) {
  EXPECT_EQ(ToReply("TEST", Success{}), R"({"Success": "TEST ."})");
  EXPECT_EQ(ToReply("TEST", Success{"done"}), R"({"Success": "TEST done."})");
  EXPECT_EQ(ToReply("TEST", Sentence{"All is well."}), R"({"Success": "All is well."})");
  EXPECT_EQ(ToReply("TEST", Warning{"Half of it is done."}), R"({"Warning": "Half of it is done. TEST."})");
  EXPECT_EQ(ToReply("TEST", json::value("VALID")), R"("VALID")");
  EXPECT_EQ(ToReply("TEST", json::object{{"b", 1}, {"a", {"x", ""}}}), R"({"b":1,"a":["x",""]})");
  EXPECT_EQ(ToReply("TEST", std::make_shared<const std::string>("[1, 2]")), "[1, 2]");
  EXPECT_EQ(JobScheduledReply(JobId{42}), R"({"Success": "Job  42 Scheduled."})");
}

TEST(Reply, PatternsOfErrors) {
  EXPECT_EQ(Failed(ErrorCode::Malformed, "zim_id is missing"), R"({"Error": "Malformed Command TEST."})");
  EXPECT_EQ(Failed(ErrorCode::Malformed, "", ""), R"({"Error": "Malformed Command ."})");
  for (const ErrorCode code : {ErrorCode::Refused, ErrorCode::Unavailable, ErrorCode::Busy, ErrorCode::Timeout,
                               ErrorCode::NoSpace, ErrorCode::NotFound}) {
    EXPECT_EQ(Failed(code, "Not today."), R"({"Error": "Not today. TEST."})") << NameOf(code);
    EXPECT_EQ(Failed(code, ""), R"({"Error": "Internal Server Error processing Command TEST."})") << NameOf(code);
  }
  EXPECT_EQ(Failed(ErrorCode::Stated, "Malformed Command."), R"({"Error": "Malformed Command."})");
  for (const ErrorCode code : {ErrorCode::Io, ErrorCode::Corrupt, ErrorCode::Newer, ErrorCode::Internal}) {
    EXPECT_EQ(Failed(code, "cannot open /secret"), R"({"Error": "Unexpected error in Command TEST"})") << NameOf(code);
  }
}

// Spec protocol 7.
TEST(Reply, FixedReplies) {
  EXPECT_EQ(UnknownReply(), R"({"Error": "Unknown Command"})");
  EXPECT_EQ(InitFailedReply(), R"({"Error": "IIAB-CMDSRV failed to initialize","Alert": "True"})");
  EXPECT_EQ(StoppingReply(), R"({"Status": "Stopping"})");
  EXPECT_EQ(BusyReply("TEST"), R"({"Error": "Command Server is too busy. TEST."})");
  EXPECT_EQ(RefusedWhileStoppingReply("TEST"), R"({"Error": "Command Server is stopping. TEST."})");
  EXPECT_EQ(InternetReply("TEST"), R"({"Error": "Internet is Required for this Command, but Not Available. TEST."})");
  EXPECT_EQ(ToReply("X", DuplicateError(R"(X {"zim_id": "a"})")),
            R"({"Error": "X {zim_id: a} duplicates an Active Command"})");
}

TEST(Reply, DuplicateTextIsValidJsonAndShort) {
  const std::string reply = ToReply("X", DuplicateError("X {\"a\": \"\\\\ \n" + std::string(1000, 'z')));
  const auto parsed = ParseJson(reply);
  ASSERT_TRUE(parsed) << reply;
  EXPECT_LT(reply.size(), 300U);
  EXPECT_EQ(parsed->at("Error").as_string().find('"'), std::string::npos);
}

TEST(Reply, OnlyRealVerbsAreEchoed) {
  for (const char* verb : {"nope", "X\"Y", "X Y", "\xff", "X\n"}) {
    EXPECT_EQ(Failed(ErrorCode::Malformed, "", verb), R"({"Error": "Malformed Command ."})");
    EXPECT_EQ(BusyReply(verb), R"({"Error": "Command Server is too busy. ."})");
    EXPECT_EQ(ToReply(verb, Success{}), R"({"Success": " ."})");
  }
}

TEST(Reply, EveryTextIsEncoded) {
  for (const std::string& reply :
       {ToReply("TEST", Success{"a\"b\\c\nd\xff\x01"}), ToReply("TEST", Warning{"\"\xc0"}),
        Failed(ErrorCode::Refused, "file \"x\\y\"\n\xff"), Failed(ErrorCode::Stated, "\"")}) {
    EXPECT_TRUE(ParseJson(reply)) << reply;
  }
}

TEST(Reply, DataIsNeverTakenForAnError) {
  const json::value inner = {{"facts", {{"Error", "inner"}, {"text", "\"Error\": quoted"}}}};
  const std::string reply = ToReply("TEST", inner);
  EXPECT_FALSE(LooksLikeAnError(reply)) << reply;
  EXPECT_EQ(ParseJson(reply).value(), inner);
  const std::string ready =
      ToReply("TEST", std::make_shared<const std::string>(R"([{"Error":1},{"Error":{"Error":2}}])"));
  EXPECT_FALSE(LooksLikeAnError(ready)) << ready;
  EXPECT_TRUE(ParseJson(ready));
}

TEST(Reply, ErrorsAreAlwaysTakenForErrors) {
  for (const std::string& reply :
       {UnknownReply(), InitFailedReply(), BusyReply("X"), InternetReply("X"),
        ToReply("X", json::object{{"Error", "own"}, {"Alert", "True"}}), Failed(ErrorCode::Internal, "")}) {
    EXPECT_TRUE(LooksLikeAnError(reply)) << reply;
  }
}

TEST(Reply, BytesOfProgramsBecomeValidText) {
  EXPECT_EQ(ToReply("TEST", json::value("a\xff")), "\"a\uFFFD\"");
  EXPECT_EQ(ToReply("TEST", std::make_shared<const std::string>("\"\xff\"")), "\"\uFFFD\"");
}

}  // namespace
}  // namespace cmdsrv
