#include <fstream>
#include <sstream>

#include "erpnext/faults.hpp"
#include "support/catch.hpp"
#include "world.hpp"

using namespace tenantry::erpnext;
using namespace std::chrono_literals;
namespace http = tenantry::http;
namespace json = boost::json;

namespace {

std::string_view word(Remedy remedy) {
  switch (remedy) {
    case Remedy::retry:
      return "retry";
    case Remedy::failed:
      return "failed";
    case Remedy::exists:
      return "exists";
    case Remedy::absent:
      return "absent";
    case Remedy::cancelled:
      return "cancelled";
  }
  return "";
}

http::Outcome answer(int status, const std::string& body, std::vector<http::Header> headers = {}) {
  return http::Response{status, std::move(headers), body};
}

}  // namespace

TEST_CASE("every recorded error means what is written down for it") {
  std::ostringstream text;
  text << std::ifstream(TENANTRY_RECORDED_ERRORS).rdbuf();
  const json::value recorded = json::parse(text.str());
  REQUIRE(recorded.as_array().size() > 120);
  for (const json::value& value : recorded.as_array()) {
    const json::object& row = value.as_object();
    const std::string about(row.at("about").as_string());
    CAPTURE(about, std::string(row.at("recording").as_string()));
    std::vector<http::Header> headers;
    if (const auto* after = row.if_contains("retry_after"))
      headers.push_back({"Retry-After", std::string(after->as_string())});
    const auto fault = classify(answer(static_cast<int>(row.at("status").as_int64()),
                                       std::string(row.at("body").as_string()), std::move(headers)));
    REQUIRE(fault.has_value());
    CHECK(fault->cause == row.at("class").as_string());
    CHECK(fault->code == row.at("code").as_string());
    CHECK(word(fault->remedy) == row.at("remedy").as_string());
    if (const auto* after = row.if_contains("retry_after"))
      CHECK(fault->retry_after == 1000ms * std::stoi(std::string(after->as_string())));
    CHECK(fault->message.find("Traceback") == std::string::npos);
    CHECK(fault->message.find('<') == std::string::npos);
  }
}

TEST_CASE("a request without an answer may or may not have been carried out") {
  const auto of = [](http::FailureKind kind, bool reached) { return *classify(http::Failure{kind, reached, "words"}); };
  CHECK(of(http::FailureKind::refused, false).code == "erpnext.unreachable");
  CHECK(of(http::FailureKind::refused, false).cause == "engine_unavailable");
  CHECK_FALSE(of(http::FailureKind::refused, false).unknown_outcome);
  CHECK(of(http::FailureKind::timeout, true).cause == "timeout");
  CHECK(of(http::FailureKind::timeout, true).unknown_outcome);
  CHECK(of(http::FailureKind::reset, true).unknown_outcome);
  CHECK(of(http::FailureKind::closed, true).remedy == Remedy::retry);
  CHECK(of(http::FailureKind::tls, false).remedy == Remedy::failed);
  CHECK(of(http::FailureKind::cancelled, true).remedy == Remedy::cancelled);
  CHECK(of(http::FailureKind::too_large, true).remedy == Remedy::failed);
}

TEST_CASE("an answer that is cut short or no JSON is a fault of its own") {
  const auto cut = classify(answer(200, R"({"data":[{"name":"A)"));
  REQUIRE(cut.has_value());
  CHECK(cut->code == "erpnext.bad_answer");
  CHECK(cut->remedy == Remedy::retry);
  CHECK(cut->unknown_outcome);
  const auto page = classify(answer(200, "<html>sign in</html>"));
  REQUIRE(page.has_value());
  CHECK(page->code == "erpnext.bad_answer");
  const auto gateway = classify(answer(502, "<html>bad gateway</html>"));
  REQUIRE(gateway.has_value());
  CHECK(gateway->remedy == Remedy::retry);
  CHECK(gateway->unknown_outcome);
  CHECK(classify(answer(504, ""))->cause == "timeout");
  CHECK(classify(answer(503, "<html></html>"))->cause == "engine_unavailable");
  CHECK(classify(answer(302, ""))->remedy == Remedy::failed);
}

TEST_CASE("a success that holds an error is an error") {
  const auto fault = classify(answer(200, R"({"exc_type":"DuplicateEntryError","exception":"x"})"));
  REQUIRE(fault.has_value());
  CHECK(fault->remedy == Remedy::exists);
  const auto untyped = classify(answer(200, R"({"exc":"[\"Traceback\"]"})"));
  REQUIRE(untyped.has_value());
  CHECK(untyped->code == "erpnext.error_in_success");
  CHECK_FALSE(classify(answer(200, R"({"data":{},"_server_messages":"[]"})")).has_value());
  CHECK_FALSE(classify(answer(202, R"({"data":"ok"})")).has_value());
}

TEST_CASE("the type of an error weighs more than its status") {
  const std::string deadlock = R"({"exc_type":"QueryDeadlockError"})";
  for (const int status : {200, 409, 417, 500}) CHECK(classify(answer(status, deadlock))->remedy == Remedy::retry);
  CHECK(classify(answer(409, R"({"exc_type":"NameError"})"))->cause == "conflict");
  CHECK(classify(answer(500, R"({"exc_type":"NameError"})"))->cause == "invalid_input");
  CHECK(classify(answer(500, R"({"exc_type":"NeverHeardOf"})"))->remedy == Remedy::retry);
  CHECK(classify(answer(417, R"({"exc_type":"NeverHeardOf"})"))->remedy == Remedy::failed);
}

TEST_CASE("an error says what was wanted, what was found and what to do, and nothing of a traceback") {
  const Fault fault = *classify(answer(
      401, R"({"exc_type":"AuthenticationError","exc":"[\"Traceback (most recent call last): secret frame\"]"})"));
  const tenantry::Ending ending = ending_of(fault, {"erp-7", "Customer X", "to create it"});
  CHECK(ending.outcome() == TENANTRY_FAILED);
  CHECK(ending.detail().at("class") == "unauthenticated");
  CHECK(ending.detail().at("object") == "Customer X");
  CHECK(ending.detail().at("expected") == "to create it");
  CHECK(ending.detail().at("found") == "AuthenticationError");
  CHECK(ending.detail().at("next_action") == "Fix the credentials of server erp-7, then Continue.");
  CHECK(json::serialize(ending.detail()).find("Traceback") == std::string::npos);
  CHECK(ending.message().find("Traceback") == std::string::npos);
}
