/** The snapshot builders, which unit tests in src need too and which therefore live there. */
export * from "#src/core/snapshot-builder.testing.js";
