// Errors that a user can mend, as opposed to defects of this program.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace cotenant {

/// Bad input: a file, a field or an option that the user wrote. The message is one line that says
/// what is wrong, where (file, field, row) and what would be right. The command line prints it as
/// it is and exits with code 65; no stack trace, no partial result.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A plan without a mistake that cannot be served: a system refuses its clients or its GPU, or they do
/// not fit the memory. Where every system is tried on every workload, that is an answer.
class NotApplicable : public InputError {
 public:
  /// `where` names the field; `reason` is what remains to be said where the plan is not at hand.
  NotApplicable(const std::string& where, std::string reason)
      : InputError(where + ": " + reason), reason_(std::move(reason)) {}

  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  std::string reason_;
};

/// The machine failed us: a full disk, an unwritable folder. Exit code 74.
class IoError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

} // namespace cotenant
