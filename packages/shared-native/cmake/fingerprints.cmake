# Writes OUT/<system>.txt, a digest over all core objects and that one system's object, and OUT/cuda-<system>.txt, the
# same with the objects of the real GPU in place of those of the simulated one. Neither lane's results thus depend on the
# other's code; what a real run is given by the simulator (a client's rate) is part of its input digest by value.
# CORE, CUDA, SYSTEMS: lists of object files. A file is rewritten only when its digest changes.

function(digest_of objects result)
  list(SORT objects)
  set(digests "")
  foreach(object IN LISTS objects)
    file(SHA256 ${object} digest)
    string(APPEND digests "${digest}\n")
  endforeach()
  set(${result} "${digests}" PARENT_SCOPE)
endfunction()

digest_of("${CORE}" core_digest)
list(FILTER CORE EXCLUDE REGEX "/src/sim/")
digest_of("${CORE}" measured_core_digest)
digest_of("${CUDA}" cuda_digest)

file(GLOB stale ${OUT}/*.txt)
function(write_fingerprint name text)
  string(SHA256 fingerprint "${text}")
  set(file ${OUT}/${name}.txt)
  list(REMOVE_ITEM stale ${file})
  set(stale "${stale}" PARENT_SCOPE)
  file(CONFIGURE OUTPUT ${file} CONTENT "${fingerprint}\n" @ONLY)
endfunction()

foreach(object IN LISTS SYSTEMS)
  get_filename_component(name ${object} NAME)
  string(REGEX REPLACE "\\.cpp\\.o(bj)?$" "" name ${name})
  string(REPLACE "_" "-" name ${name})
  file(SHA256 ${object} digest)
  write_fingerprint(${name} "${core_digest}${digest}")
  write_fingerprint(cuda-${name} "${measured_core_digest}${cuda_digest}${digest}")
endforeach()
if(stale)
  file(REMOVE ${stale})
endif()
