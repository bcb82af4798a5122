// A value or an Error.
#pragma once
#include <boost/system/result.hpp>
#include <stdexcept>

#include "base/error.hpp"

namespace tenantry::base {

template <class T>
using Result = boost::system::result<T, Error>;

// Found by boost::system::result when .value() is called on an error: a bug in the caller, who has to look first.
[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::logic_error("unchecked error " + error.code + ": " + error.message);
}

}  // namespace tenantry::base
