// Errors that a user can mend, as opposed to defects of this program.
#pragma once

#include <stdexcept>
#include <string>

namespace cotenant {

/// Bad input: a file, a field or an option that the user wrote. The message is one line that says
/// what is wrong, where (file, field, row) and what would be right. The command line prints it as
/// it is and exits with code 65; no stack trace, no partial result.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The machine failed us: a full disk, an unwritable folder. Exit code 74.
class IoError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

} // namespace cotenant
