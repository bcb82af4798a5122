// What Odoo's answers mean: the recorded ones, and those nobody could record.
#include "odoo/faults.hpp"

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "support/catch.hpp"

using namespace tenantry::odoo;
namespace json = tenantry::json;
namespace http = tenantry::http;

namespace {

http::Outcome answer(int status, const std::string& body) { return http::Response{status, {}, body}; }

Reply error_named(const std::string& name, const std::string& message, int code = 200) {
  return read_jsonrpc(answer(
      200,
      json::serialize(json::object{
          {"jsonrpc", "2.0"},
          {"id", 1},
          {"error", {{"code", code}, {"data", {{"name", name}, {"message", message}, {"debug", "secret frame"}}}}}})));
}

std::string slurp(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("every recorded error is understood") {
  const json::value all = json::parse(slurp(TENANTRY_ODOO_ERRORS));
  REQUIRE(all.as_array().size() > 50);
  for (const json::value& one : all.as_array()) {
    const std::string from(one.at("from").as_string()), kind(one.at("kind").as_string());
    CAPTURE(from);
    const json::value& body = one.at("body");
    const std::string text = body.is_string() ? std::string(body.as_string()) : json::serialize(body);
    const auto outcome = answer(static_cast<int>(one.at("status").as_int64()), text);
    const Reply reply = kind == "json2" || from.starts_with("o19-04") ? read_json2(outcome) : read_jsonrpc(outcome);
    REQUIRE_FALSE(reply.ok());
    CHECK(reply.fault().code == std::string(one.at("code").as_string()));
    CHECK(reply.fault().message.find("Traceback") == std::string::npos);
    const tenantry::Ending ending = ending_of(reply.fault(), {"erp-1", "it", "to do it"});
    CHECK(json::serialize(ending.detail()).find("frames") == std::string::npos);
  }
}

TEST_CASE("a status of 200 says nothing: the envelope does") {
  CHECK(read_jsonrpc(answer(200, R"({"jsonrpc":"2.0","id":1,"result":[7]})")).id() == 7);
  CHECK_FALSE(error_named("odoo.exceptions.UserError", "no").ok());
  CHECK(read_jsonrpc(answer(200, R"({"jsonrpc":"2.0","id":1})")).ok());  // a method that returns nothing
  CHECK(read_jsonrpc(answer(200, R"({"jsonrpc":"2.0","id":1,"result":null})")).value().is_null());
}

TEST_CASE("the number of an error differs between versions and decides nothing") {
  for (const int code : {0, 200}) {
    const Reply reply = error_named("psycopg2.errors.SerializationFailure", "could not serialize access", code);
    CHECK(reply.fault().code == "odoo.serialization");
    CHECK(reply.fault().remedy == Remedy::retry);
  }
  CHECK(error_named("odoo.http.SessionExpiredException", "Session expired", 100).fault().code == "odoo.session_lost");
  CHECK(error_named("werkzeug.exceptions.NotFound", "404", 404).fault().code == "odoo.no_such_page");
}

TEST_CASE("what passes by itself is tried again") {
  const auto remedy = [](const char* name, const char* message) { return error_named(name, message).fault(); };
  CHECK(remedy("psycopg2.errors.InFailedSqlTransaction", "current transaction is aborted").retry_after ==
        tenantry::Milliseconds(10000));
  CHECK(remedy("odoo.exceptions.UserError", "Odoo is currently processing a scheduled action.").remedy ==
        Remedy::retry);
  CHECK(remedy("odoo.exceptions.UserError",
               "_button_immediate_install cannot be called on init or non loaded registries.")
            .code == "odoo.not_ready");
  CHECK(remedy("psycopg2.InterfaceError", "cursor already closed").unknown_outcome);
  CHECK(remedy("psycopg2.pool.PoolError", "The Connection Pool Is Full").remedy == Remedy::retry);
  CHECK(remedy("psycopg2.errors.ObjectInUse", "is being accessed by other users").code == "odoo.database_in_use");
  CHECK(remedy("psycopg2.OperationalError", "server closed the connection unexpectedly").cause == "engine_unavailable");
  CHECK(remedy("psycopg2.OperationalError", "FATAL: database \"x\" does not exist").remedy == Remedy::absent);
  CHECK(remedy("psycopg2.errors.NeverSeen", "x").remedy == Remedy::retry);
  CHECK(remedy("builtins.OSError", "x").unknown_outcome);
  CHECK(remedy("psycopg2.errors.DiskFull", "No space left").remedy == Remedy::failed);
}

TEST_CASE("what a person has to change is not tried again") {
  for (const char* name : {"odoo.exceptions.AccessDenied", "odoo.exceptions.AccessError", "odoo.exceptions.UserError",
                           "odoo.exceptions.ValidationError", "odoo.exceptions.RedirectWarning", "builtins.KeyError",
                           "builtins.TypeError", "builtins.ValueError", "builtins.AttributeError"}) {
    CAPTURE(name);
    CHECK(error_named(name, "words").fault().remedy == Remedy::failed);
  }
  CHECK(error_named("odoo.exceptions.MissingError", "Record does not exist").fault().remedy == Remedy::absent);
}

TEST_CASE("the name of the exception decides the class, whatever the status and the number") {
  struct Known {
    const char *name, *message, *code, *cause;
    Remedy remedy;
  };
  const Known all[] = {
      {"odoo.exceptions.AccessDenied", "Access Denied", "odoo.access_denied", "unauthenticated", Remedy::failed},
      {"werkzeug.exceptions.Unauthorized", "Invalid apikey", "odoo.key_refused", "unauthenticated", Remedy::failed},
      {"odoo.exceptions.AccessError", "You are not allowed to", "odoo.forbidden", "forbidden", Remedy::failed},
      {"odoo.exceptions.AccessError", "Database not found.", "odoo.database_filtered", "not_found", Remedy::failed},
      {"odoo.exceptions.ValidationError", "words", "odoo.invalid", "invalid_input", Remedy::failed},
      {"odoo.exceptions.ValidationError", "You can not have two users with the same login!", "odoo.name_taken",
       "conflict", Remedy::exists},
      {"odoo.exceptions.ValidationError", "The name of the warehouse must be unique per company!", "odoo.name_taken",
       "conflict", Remedy::exists},
      {"odoo.exceptions.ValidationError", "Another session is already opened for this point of sale.",
       "odoo.session_open", "conflict", Remedy::exists},
      {"odoo.exceptions.ValidationError", "You cannot use the same journal on multiples cash payment methods.",
       "odoo.journal_shared", "conflict", Remedy::failed},
      {"odoo.exceptions.ValidationError", "This cash payment method is already used in another Point of Sale.",
       "odoo.journal_shared", "conflict", Remedy::failed},
      {"odoo.exceptions.UserError", "words", "odoo.refused", "invalid_input", Remedy::failed},
      {"odoo.exceptions.UserError", "Object no.such.model doesn't exist", "odoo.module_missing", "missing_dependency",
       Remedy::failed},
      {"odoo.exceptions.UserError", "Odoo is currently processing another module operation.", "odoo.installing",
       "transient", Remedy::retry},
      {"odoo.exceptions.RedirectWarning", "words", "odoo.refused", "invalid_input", Remedy::failed},
      {"odoo.exceptions.MissingError", "Record does not exist", "odoo.absent", "not_found", Remedy::absent},
      {"odoo.exceptions.LockError", "words", "odoo.lock", "transient", Remedy::retry},
      {"builtins.AttributeError", "words", "odoo.rejected", "invalid_input", Remedy::failed},
      {"builtins.ValueError", "words", "odoo.rejected", "invalid_input", Remedy::failed},
      {"builtins.TypeError", "words", "odoo.rejected", "invalid_input", Remedy::failed},
      {"builtins.KeyError", "words", "odoo.rejected", "invalid_input", Remedy::failed},
      {"odoo.service.db.DatabaseExists", "exists", "odoo.database_exists", "conflict", Remedy::exists},
      {"psycopg2.errors.DuplicateDatabase", "exists", "odoo.database_exists", "conflict", Remedy::exists},
      {"psycopg2.errors.UniqueViolation", "\"pg_database_datname_index\"", "odoo.database_exists", "conflict",
       Remedy::exists},
      {"psycopg2.errors.InvalidCatalogName", "words", "odoo.no_such_database", "not_found", Remedy::absent},
      {"psycopg2.errors.SerializationFailure", "words", "odoo.serialization", "transient", Remedy::retry},
      {"psycopg2.errors.DeadlockDetected", "words", "odoo.deadlock", "transient", Remedy::retry},
      {"psycopg2.errors.LockNotAvailable", "words", "odoo.lock", "transient", Remedy::retry},
      {"psycopg2.errors.InFailedSqlTransaction", "words", "odoo.cron_running", "transient", Remedy::retry},
      {"psycopg2.errors.ObjectInUse", "words", "odoo.database_in_use", "transient", Remedy::retry},
      {"psycopg2.InterfaceError", "cursor already closed", "odoo.connection_cut", "transient", Remedy::retry},
      {"psycopg2.pool.PoolError", "words", "odoo.connection_cut", "transient", Remedy::retry},
      {"psycopg2.OperationalError", "database \"x\" does not exist", "odoo.no_such_database", "not_found",
       Remedy::absent},
      {"psycopg2.OperationalError", "too many connections", "odoo.database_server_down", "engine_unavailable",
       Remedy::retry},
  };
  for (const Known& one : all) {
    CAPTURE(one.name, one.message);
    const json::object data{{"name", one.name}, {"message", one.message}};
    for (const Reply& reply : {error_named(one.name, one.message, 200), error_named(one.name, one.message, 0),
                               read_json2(answer(500, json::serialize(data)))}) {
      REQUIRE_FALSE(reply.ok());
      CHECK(reply.fault().code == one.code);
      CHECK(reply.fault().cause == one.cause);
      CHECK(reply.fault().remedy == one.remedy);
    }
  }
}

TEST_CASE("an answer that is a page, or cut short, is a fault of its own") {
  for (const char* body : {"<html>welcome</html>", R"({"jsonrpc":"2.0","resu)", "[]", ""}) {
    CAPTURE(body);
    const Reply reply = read_jsonrpc(answer(200, body));
    REQUIRE_FALSE(reply.ok());
    CHECK(reply.fault().code == "odoo.bad_answer");
    CHECK(reply.fault().unknown_outcome);
  }
  CHECK(read_jsonrpc(answer(502, "<html>bad gateway</html>")).fault().unknown_outcome);
  CHECK(read_jsonrpc(answer(503, "")).fault().cause == "engine_unavailable");
  CHECK(read_jsonrpc(answer(504, "")).fault().cause == "timeout");
  CHECK(read_jsonrpc(answer(429, "")).fault().cause == "rate_limited");
  CHECK(read_jsonrpc(answer(303, "<html>")).fault().code == "odoo.redirected");
  CHECK(read_json2(answer(200, "<html>")).fault().code == "odoo.bad_answer");
}

TEST_CASE("a request that got no answer says whether it may have been carried out") {
  const auto of = [](http::FailureKind kind, bool reached) {
    return read_jsonrpc(http::Failure{kind, reached, "words"}).fault();
  };
  CHECK(of(http::FailureKind::refused, false).code == "odoo.unreachable");
  CHECK_FALSE(of(http::FailureKind::refused, false).unknown_outcome);
  CHECK(of(http::FailureKind::closed, true).code == "odoo.connection_lost");
  CHECK(of(http::FailureKind::closed, true).unknown_outcome);
  CHECK(of(http::FailureKind::timeout, true).cause == "timeout");
  CHECK(of(http::FailureKind::tls, false).remedy == Remedy::failed);
  CHECK(of(http::FailureKind::cancelled, true).remedy == Remedy::cancelled);
  CHECK(of(http::FailureKind::too_large, true).remedy == Remedy::failed);
}

TEST_CASE("a form answers with a redirect, or with a page that says why not") {
  const auto page = [](const std::string& words) {
    return read_form(answer(200, "<html><div class=\"alert alert-danger\" role=\"alert\">" + words + "</div></html>"));
  };
  CHECK(read_form(answer(303, "<html>Redirecting")).ok());
  CHECK(page("Database creation error: Access Denied").fault().code == "odoo.access_denied");
  CHECK(page("Database creation error: database 'x' already exists!").fault().remedy == Remedy::exists);
  CHECK(page("Database duplication error: template database \"t\" does not exist").fault().remedy == Remedy::absent);
  CHECK(page("Houston, we have a database naming issue!").fault().remedy == Remedy::failed);
  CHECK(page("something else").fault().remedy == Remedy::retry);
  CHECK(read_form(answer(200, "<html>the manager</html>")).fault().code == "odoo.bad_answer");
}

TEST_CASE("an error says what was wanted, what was found and what to do") {
  const Reply reply = error_named("odoo.exceptions.AccessDenied", "Access Denied");
  const tenantry::Ending ending = ending_of(reply.fault(), {"erp-7", "customer X", "to create it"});
  CHECK(ending.outcome() == TENANTRY_FAILED);
  CHECK(ending.message() == "customer X: wanted to create it, found: Access Denied");
  CHECK(ending.detail().at("class") == "unauthenticated");
  CHECK(ending.detail().at("exception") == "odoo.exceptions.AccessDenied");
  CHECK(ending.detail().at("next_action") == "Fix the credentials of server erp-7, then Continue.");
}

TEST_CASE("fields are read whatever Odoo makes of nothing") {
  const json::object row = json::parse(R"({"a":false,"b":[7,"Kenya"],"c":"x","d":true,"e":3,"f":null})").as_object();
  CHECK(text_of(row, "a").empty());
  CHECK(text_of(row, "b") == "Kenya");
  CHECK(id_of(row, "b") == 7);
  CHECK(text_of(row, "c") == "x");
  CHECK(text_of(row, "d") == "1");
  CHECK(id_of(row, "e") == 3);
  CHECK(id_of(row, "a") == 0);
  CHECK(text_of(row, "nothing").empty());
}

TEST_CASE("every code an error can have is in the engine's README, and no other") {
  const std::filesystem::path folder = TENANTRY_ODOO_SOURCES;
  const auto codes_in = [](const std::string& all, char before, char after) {
    std::set<std::string> codes;
    for (std::size_t at = all.find(before); at != std::string::npos; at = all.find(before, at + 1)) {
      const std::size_t end = all.find(after, at + 1);
      if (end == std::string::npos) break;
      const std::string word = all.substr(at + 1, end - at - 1);
      const std::size_t dot = word.find('.');
      if (dot == std::string::npos || (dot != 0 && word.substr(0, dot) != "odoo")) continue;
      const std::string name = word.substr(dot + 1);
      if (!name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos)
        codes.insert(name);
    }
    return codes;
  };
  std::set<std::string> used;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".cpp") used.merge(codes_in(slurp(entry.path()), '"', '"'));
  // Names of secrets and of an exclusive lock, an event, and the code of a cancelled request, which is never told.
  for (const char* other : {"api_key", "api_key_expires", "create", "database", "ready", "cancelled"})
    used.erase(other);
  std::set<std::string> written = codes_in(slurp(folder / "README.md"), '`', '`');
  for (const char* other : {"api_key", "api_key_expires", "create", "database", "ready", "json"}) written.erase(other);
  CHECK(used.size() > 40);
  CHECK(used == written);
}
