#include "http/server.hpp"

#include <unistd.h>

#include <thread>
#include <utility>

#include "http/core.hpp"
#include "http/endpoint.hpp"

namespace tenantry::http {
namespace {

constexpr std::chrono::milliseconds kLook{2};
constexpr std::chrono::milliseconds kPartingLimit{2000};

template <class Question>
bool wait_until(std::chrono::milliseconds limit, Question question) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!question()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(kLook);
  }
  return true;
}

}  // namespace

struct Server::Parts {
  std::shared_ptr<Core> core;
  std::unique_ptr<Endpoint> endpoint;
};

Server::Server(Options options, Router router)
    : parts_(new Parts{std::make_shared<Core>(std::move(options), std::move(router)), nullptr}) {}

Server::~Server() { stop(); }

base::Result<void> Server::start() {
  parts_->endpoint = std::make_unique<Endpoint>(parts_->core);
  auto started = parts_->endpoint->start();
  if (!started)
    parts_->endpoint.reset();
  else
    parts_->core->keeper.start();
  return started;
}

std::uint16_t Server::port() const { return parts_->endpoint ? parts_->endpoint->port() : std::uint16_t{0}; }

bool Server::drain(std::chrono::milliseconds limit) {
  auto& core = *parts_->core;
  core.draining = true;
  for (const auto& connection : core.connections()) connection->end_stream();
  return wait_until(limit, [&] { return core.idle(); });
}

void Server::stop() {
  auto& core = *parts_->core;
  core.draining = true;
  core.pool.stop();
  if (!parts_->endpoint) return;
  // Pistache closes the descriptors when it sees the end of each connection; what it does not get to is closed here.
  wait_until(kPartingLimit, [&] {
    for (const auto& connection : core.connections()) connection->abort();
    return core.connections().empty();
  });
  parts_->endpoint.reset();
  core.keeper.stop();
  for (const auto& connection : core.connections())
    if (const int fd = connection->release(); fd >= 0) ::close(fd);
}

std::size_t Server::in_flight() const { return parts_->core->in_flight; }
std::size_t Server::connections() const { return parts_->core->connections().size(); }
std::size_t Server::streams() const { return parts_->core->streams; }

}  // namespace tenantry::http
