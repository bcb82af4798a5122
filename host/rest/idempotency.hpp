// Idempotency-Key: the same key with the same request gets the stored answer; what it did, it did once.
#pragma once
#include <functional>
#include <string>

#include "rest/api.hpp"

namespace tenantry::rest {

// The answer to a command, remembered under the request's key if it has one. Copyable; use exactly one of the two.
class Once {
 public:
  Once(const Api& api, const service::Actor& actor, std::string key, std::string body_hash, http::Reply reply)
      : store_(&api.store),
        account_(actor.id),
        key_(std::move(key)),
        body_hash_(std::move(body_hash)),
        reply_(std::move(reply)) {}

  void send(int status, std::string body, const std::string& location, int retry_after_s = 0) const;
  // Nothing was done: the key may be used again.
  void refuse(const base::Error& error) const;

 private:
  store::Store* store_;
  base::AccountId account_;
  std::string key_;  // empty: none given
  std::string body_hash_;
  http::Reply reply_;
};

// Calls `act` unless the key was used before; then the stored answer is sent (other request under the same key: 422;
// the first one still going on: 409).
void once(const Api& api, const service::Actor& actor, const http::Request& request, const http::Reply& reply,
          const std::function<void(const Once&)>& act);

}  // namespace tenantry::rest
