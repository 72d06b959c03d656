;; Describes itself outside of its memory.
;; expect: exit 3, says "failed while describing itself"
(func $describe (result i32) (i32.const 0x7ffffff0))
