// /api/method and /api/resource, given a site, a user and a transaction.
#pragma once
#include <string>

#include "sandbox/erpnext/auth.hpp"

namespace tenantry::sandbox::erpnext {

struct Call {
  Transaction& transaction;
  Identity& identity;  // a log-in changes it
  const Request& request;
  Arguments arguments;
  json::object body;  // what the request sent as its document

  Site& site() { return transaction.site(); }
};

// Query, form and JSON body of a request. Throws JSONDecodeError.
void read_arguments(Call& call);

// The answer's body; messages of the transaction are still to be added.
[[nodiscard]] json::object call_method(Call& call, const std::string& method);

// chart_of_accounts_importer.import_coa.
[[nodiscard]] json::object import_chart(Call& call);

struct Answered {
  int status = 200;
  json::object body;
};
// `name` is empty for the collection.
[[nodiscard]] Answered call_resource(Call& call, const std::string& doctype, const std::string& name);

}  // namespace tenantry::sandbox::erpnext
