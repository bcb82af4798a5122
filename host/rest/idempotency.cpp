#include "rest/idempotency.hpp"

#include "base/log.hpp"
#include "secrets/token.hpp"

namespace tenantry::rest {
namespace {

using base::Error;
using base::ErrorKind;

constexpr base::Millis kKept{24 * 3600 * 1000};
constexpr std::size_t kLongestKey = 255;

http::Response answer(int status, std::string body, const std::string& location, int retry_after_s) {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  if (!location.empty()) response.headers.push_back({"Location", location});
  if (retry_after_s > 0) response.headers.push_back({"Retry-After", std::to_string(retry_after_s)});
  return response;
}

}  // namespace

void Once::send(int status, std::string body, const std::string& location, int retry_after_s) const {
  if (!key_.empty())
    if (const auto kept = store_->complete_key(account_, key_, {body_hash_, status, body, location}); kept.has_error())
      base::log::warn("answer not kept", {{"code", kept.error().code}});
  reply_.send(answer(status, std::move(body), location, retry_after_s));
}

void Once::refuse(const Error& error) const {
  if (!key_.empty())
    if (const auto released = store_->release_key(account_, key_); released.has_error())
      base::log::warn("key not released", {{"code", released.error().code}});
  reply_.send(error);
}

void once(const Api& api, const service::Actor& actor, const http::Request& request, const http::Reply& reply,
          const std::function<void(const Once&)>& act) {
  const std::string key(request.header("Idempotency-Key").value_or(""));
  if (key.empty()) return act(Once(api, actor, {}, {}, reply));
  if (key.size() > kLongestKey)
    return reply.send(base::invalid("idempotency.key", "The Idempotency-Key is longer than 255 characters."));
  const auto hash =
      secrets::token_hash(std::string(http::to_text(request.method)) + ' ' + request.path + '\n' + request.body);
  const auto now = api.clock.now();
  const auto stored = api.store.reserve_key(actor.id, key, hash, now, now - kKept);
  if (stored.has_error()) return reply.send(stored.error());
  if (!*stored) return act(Once(api, actor, key, hash, reply));
  const auto& earlier = **stored;
  if (earlier.body_hash != hash)
    return reply.send(Error{ErrorKind::kInvalid,
                            "idempotency.mismatch",
                            "This Idempotency-Key was used for another request.",
                            "Use a new key.",
                            {},
                            {}});
  if (earlier.status == 0)
    return reply.send(Error{ErrorKind::kConflict,
                            "idempotency.running",
                            "The first request with this key is still being carried out.",
                            "Ask again in a moment.",
                            {},
                            {}});
  reply.send(answer(earlier.status, earlier.body, earlier.location, 0));
}

}  // namespace tenantry::rest
