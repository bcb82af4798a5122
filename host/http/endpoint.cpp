#include "http/endpoint.hpp"

#include <pistache/endpoint.h>
#include <pistache/peer.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "http/core.hpp"

namespace tenantry::http {
namespace {

constexpr const char* kOurs = "tenantry";

// What a peer of Pistache's carries for us; only its I/O thread touches it. Pistache may let go of the peer later, on
// another thread, so the connection is taken out as soon as it is gone.
struct Held {
  std::shared_ptr<Connection> connection;
};

// Takes the bytes before Pistache's parser sees them. Every connection is declared idle and all of Pistache's timeouts
// are set to years: what it would write by itself (a 408) it never comes to. Exceptions would end the process.
class Intake final : public Pistache::Http::Handler {
  HTTP_PROTOTYPE(Intake)

 public:
  explicit Intake(std::shared_ptr<Core> core) : core_(std::move(core)) {}

  void onRequest(const Pistache::Http::Request&, Pistache::Http::ResponseWriter) override {}

 private:
  void onConnection(const std::shared_ptr<Pistache::Tcp::Peer>& peer) override {
    try {
      peer->setIdle(true);
      // Its timer asks every peer for its parser.
      peer->putData(ParserData, std::make_shared<Pistache::Http::RequestParser>(0));
      peer->putData(kOurs, std::make_shared<Held>(Held{core_->connected(peer->fd(), peer->address().host())}));
    } catch (...) {
      base::log::error("connection not taken");
    }
  }

  void onInput(const char* bytes, std::size_t size, const std::shared_ptr<Pistache::Tcp::Peer>& peer) override {
    const auto held = std::static_pointer_cast<Held>(peer->tryGetData(kOurs));
    if (!held || !held->connection) return;
    try {
      held->connection->on_input({bytes, size});
    } catch (...) {
      base::log::error("connection given up");
      held->connection->abort();
    }
  }

  void onDisconnection(const std::shared_ptr<Pistache::Tcp::Peer>& peer) override {
    const auto held = std::static_pointer_cast<Held>(peer->tryGetData(kOurs));
    if (const auto connection = held ? std::move(held->connection) : nullptr) connection->on_gone();
  }

  std::shared_ptr<Core> core_;
};

}  // namespace

struct Endpoint::Listener {
  explicit Listener(const Pistache::Address& address) : pistache(address) {}
  Pistache::Http::Endpoint pistache;
};

Endpoint::Endpoint(std::shared_ptr<Core> core) : core_(std::move(core)) {}

Endpoint::~Endpoint() = default;

base::Result<void> Endpoint::start() {
  raise_descriptor_limit();
  const auto& options = core_->options;
  auto host = options.address;
  if (host.find(':') != std::string::npos && host.front() != '[') host = "[" + host + "]";
  try {
    listener_ = std::make_unique<Listener>(Pistache::Address(host, Pistache::Port(options.port)));
    constexpr std::chrono::hours kNever{24 * 365};
    using Flag = Pistache::Tcp::Options;
    auto settings = Pistache::Http::Endpoint::options()
                        .threads(std::max(options.io_threads, 1))
                        .flags(Pistache::Flags<Flag>(Flag::ReuseAddr) | Flag::NoDelay | Flag::CloseOnExec)
                        .headerTimeout(kNever)
                        .bodyTimeout(kNever)
                        .keepaliveTimeout(kNever);
    listener_->pistache.init(settings);
    listener_->pistache.setHandler(std::make_shared<Intake>(core_));
    listener_->pistache.serveThreaded();
    return {};
  } catch (const std::exception& thrown) {
    listener_.reset();
    return base::Error{
        base::ErrorKind::kUnavailable,
        "http.listen",
        "Cannot listen on " + options.address + ":" + std::to_string(options.port) + ": " + thrown.what() + ".",
        "Choose another address or port, or end what uses it.",
        {},
        {}};
  }
}

std::uint16_t Endpoint::port() const {
  return listener_ ? static_cast<std::uint16_t>(listener_->pistache.getPort()) : std::uint16_t{0};
}

}  // namespace tenantry::http
