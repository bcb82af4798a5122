// Hears what other hosts tell with NOTIFY, on a connection and a thread of its own.
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "store/store.hpp"

namespace tenantry::database {

class PostgresListener {
 public:
  // The thread and its connection are made when somebody first wants to hear.
  explicit PostgresListener(std::string conninfo);
  PostgresListener(const PostgresListener&) = delete;
  PostgresListener& operator=(const PostgresListener&) = delete;
  ~PostgresListener();

  // As Store::on_told. Any thread but the listener's own.
  void on_told(std::function<void(store::Told)> wake);

 private:
  void loop();
  void hear();                   // until the connection is lost or the end
  bool pause(int milliseconds);  // false: the end
  void call(store::Told what);

  const std::string conninfo_;
  int stop_ = -1;     // an eventfd: readable once it is over
  std::mutex mutex_;  // guards wake_, and is held while it is called
  std::function<void(store::Told)> wake_;
  std::thread thread_;
};

}  // namespace tenantry::database
