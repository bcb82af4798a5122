// A sandbox within the test's own process, on a free port.
#pragma once
#include <map>
#include <string>

#include "sandbox/erpnext/erpnext.hpp"
#include "sandbox/http/client.hpp"
#include "sandbox/http/server.hpp"

namespace tenantry::sandbox::testing {

// Sites are made by name; Administrator's key is "K" and the secret "S" unless keys are empty.
class Sandbox {
 public:
  explicit Sandbox(erpnext::Options options = {}, bool with_keys = true, ServerOptions server = {})
      : application(std::move(options), {"admin", with_keys ? "K" : "", with_keys ? "S" : ""}, faults, journal),
        server_(application, faults, journal, server) {
    server_.start();
  }

  [[nodiscard]] std::uint16_t port() const { return server_.port(); }

  using Headers = std::map<std::string, std::string>;
  // As Administrator of a site.
  std::optional<Answer> ask(const std::string& site, const std::string& method, const std::string& target,
                            const json::value& body = nullptr,
                            std::chrono::milliseconds timeout = std::chrono::seconds(20)) const {
    const Headers headers{{"Host", site},
                          {"Authorization", "token K:S"},
                          {"Accept", "application/json"},
                          {"Content-Type", "application/json"}};
    return call(port(), method, target, headers, body.is_null() ? "" : json::serialize(body), timeout);
  }
  // A control route; the answer's body.
  json::value control(const std::string& method, const std::string& target, const json::value& body = nullptr) const {
    const auto answer = call(port(), method, "/__sandbox/" + target, {}, body.is_null() ? "" : json::serialize(body));
    return answer ? json::parse(answer->body) : json::value();
  }
  void fault(const json::object& rule) const { control("POST", "faults", rule); }
  // Effects on a doctype, by what they did.
  [[nodiscard]] std::size_t effects(const std::string& doctype, const std::string& what) const {
    std::size_t count = 0;
    for (const auto& effect : journal.effects(0, 100000, ""))
      if (effect.at("doctype").as_string() == doctype && effect.at("what").as_string() == what) ++count;
    return count;
  }

  Faults faults;
  Journal journal;
  erpnext::Erpnext application;

 private:
  Server server_;
};

inline json::value body_of(const std::optional<Answer>& answer) {
  boost::system::error_code bad;
  json::value body = answer ? json::parse(answer->body, bad) : json::value();
  return bad ? json::value() : body;
}

inline std::string exc_type(const std::optional<Answer>& answer) {
  const json::value body = body_of(answer);
  const auto* type = body.is_object() ? body.get_object().if_contains("exc_type") : nullptr;
  return type && type->is_string() ? std::string(type->get_string()) : std::string{};
}

}  // namespace tenantry::sandbox::testing
