#include "rest/api.hpp"

#include "base/text.hpp"

namespace tenantry::rest {

std::string bearer_token(const http::Request& request) {
  static constexpr std::string_view kScheme = "bearer ";
  const auto header = request.header("Authorization");
  if (!header || header->size() <= kScheme.size() || base::lower(header->substr(0, kScheme.size())) != kScheme)
    return {};
  return std::string(header->substr(kScheme.size()));
}

void add_signed_in(http::Router& router, const Api& api, http::Method method, std::string pattern,
                   SignedInHandler handler, http::RouteOptions options) {
  router.add(
      method, std::move(pattern),
      [&identity = api.identity, handler = std::move(handler)](const http::Request& request, const http::Reply& reply) {
        const auto actor = identity.authenticate(bearer_token(request));
        if (actor.has_error()) return reply.send(actor.error());
        handler(*actor, request, reply);
      },
      std::move(options));
}

}  // namespace tenantry::rest
