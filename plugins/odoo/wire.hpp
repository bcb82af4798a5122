// One Odoo server over HTTP, as one step talks to it: the three envelopes a request can travel in, and a session.
// Nothing here knows what a database or a model is for.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "faults.hpp"

namespace tenantry::odoo {

// Belongs to one call of one step; not for several threads.
class Wire {
 public:
  struct Address {
    std::string server;  // the id people know it by
    std::string url;
    std::string host;  // pattern of the Host header; empty: the host in the URL
  };
  Wire(http::Client& client, Context& context, Address address)
      : client_(&client), context_(&context), address_(std::move(address)) {}

  // /jsonrpc: `service` is common, db or object.
  Reply rpc(std::string_view service, std::string_view method, json::array args, Milliseconds timeout);
  // A JSON-RPC route of the web client, e.g. /web/session/authenticate, in the session of this database.
  Reply web(const std::string& path, json::object params, const std::string& database, Milliseconds timeout);
  Reply json2(const std::string& database, std::string_view key, const std::string& model, const std::string& method,
              const json::object& body, Milliseconds timeout);
  Reply form(const std::string& path, const std::vector<std::pair<std::string, std::string>>& fields,
             Milliseconds timeout);

  void forget_session() { cookie_.clear(); }

  [[nodiscard]] Concern concern(std::string object, std::string expected) const {
    return {address_.server, std::move(object), std::move(expected)};
  }
  [[nodiscard]] const Address& address() const { return address_; }
  [[nodiscard]] Context& context() const { return *context_; }

 private:
  http::Request request(const std::string& path, const std::string& database, Milliseconds timeout) const;

  http::Client* client_;
  Context* context_;
  Address address_;
  std::string cookie_;
};

}  // namespace tenantry::odoo
