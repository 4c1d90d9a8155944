"""The Go module that pins the go-ethereum with which the private network is tried, and what builds it."""
