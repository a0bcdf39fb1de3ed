module aster.interop/gopeer

go 1.24.0

require github.com/apache/fory/go/fory v0.16.0
