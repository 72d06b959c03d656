;; A component that asks for the network.
(component
  (import "wasi:http/outgoing-handler@0.2.0" (instance
    (export "ping" (func)))))
