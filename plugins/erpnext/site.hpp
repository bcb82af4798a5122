// One Frappe site over HTTP, as one step talks to it: requests, answers taken apart, and the mark that says whose a
// document is.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "faults.hpp"

namespace tenantry::erpnext {

// What came back: the "data" or "message" of an answer, or what went wrong.
class Reply {
 public:
  Reply(json::value value) : value_(std::move(value)) {}
  Reply(Fault fault) : fault_(std::move(fault)) {}

  [[nodiscard]] bool ok() const { return !fault_.has_value(); }
  [[nodiscard]] const Fault& fault() const { return *fault_; }
  [[nodiscard]] bool is(Remedy remedy) const { return fault_ && fault_->remedy == remedy; }
  [[nodiscard]] const json::value& value() const { return value_; }
  // Rows of a list; empty if it is none.
  [[nodiscard]] std::vector<json::object> rows() const;
  // Fields of one document; empty if it is none.
  [[nodiscard]] const json::object& fields() const;

 private:
  json::value value_;
  std::optional<Fault> fault_;
};

// A field as text, whatever its JSON type: "" for null and for what is not there.
[[nodiscard]] std::string text_of(const json::object& fields, std::string_view name);
[[nodiscard]] std::string as_text(const json::value& value);

// Belongs to one call of one step; not for several threads.
class Site {
 public:
  struct Address {
    std::string server;  // the id people know it by
    std::string url;
    std::string site;  // empty: the host in the URL decides
  };
  Site(http::Client& client, Context& context, Address address)
      : client_(&client), context_(&context), address_(std::move(address)) {}

  void use_token(std::string_view key, std::string_view secret);
  void forget_token() { authorization_.clear(); }
  // Signs in; the session is used from then on, if there is no token.
  Reply sign_in(const std::string& user, std::string_view password);

  Reply ping();
  // A whitelisted method. With a body it is a POST, without a GET with `query` ("a=b&c=d", already encoded).
  Reply call(std::string_view method, const json::object& body, Milliseconds timeout = std::chrono::seconds(60));
  Reply ask(std::string_view method, std::string_view query = {});

  Reply list(std::string_view doctype, const json::array& filters, const std::vector<std::string>& fields,
             int limit = 0);
  Reply read(std::string_view doctype, std::string_view name);
  Reply create(std::string_view doctype, const json::object& fields, Milliseconds timeout = std::chrono::seconds(60));
  // Merges fields, replaces child tables.
  Reply update(std::string_view doctype, std::string_view name, const json::object& fields);
  // absent: it was gone already.
  Reply remove(std::string_view doctype, std::string_view name);
  Reply tag(std::string_view doctype, std::string_view name, std::string_view tag);

  [[nodiscard]] Concern concern(std::string object, std::string expected) const {
    return {address_.server, std::move(object), std::move(expected)};
  }
  [[nodiscard]] const Address& address() const { return address_; }
  [[nodiscard]] Context& context() const { return *context_; }

 private:
  Reply send(std::string method, const std::string& path, const json::object* body, std::string_view member,
             Milliseconds timeout);

  http::Client* client_;
  Context* context_;
  Address address_;
  std::string authorization_;
  std::string cookie_;
};

// Whose a document is: a tag "tenantry:<tenant>:<run>" on it, both percent-encoded.
enum class Holder { nobody, this_run, this_tenant, another_tenant };

struct Mark {
  std::string tenant, run;

  explicit Mark(const Context& context)
      : tenant(http::percent_encode(context.tenant_id())), run(http::percent_encode(context.run_id())) {}
  [[nodiscard]] std::string tag() const { return "tenantry:" + tenant + ":" + run; }
  // `tags` is a document's _user_tags: ",a,b".
  [[nodiscard]] Holder holder(std::string_view tags) const;
};

}  // namespace tenantry::erpnext
