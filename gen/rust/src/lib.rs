//! Agent Sandbox: generated messages and gRPC stubs.
pub mod agentsandbox {
    pub mod v1 {
        include!("agentsandbox.v1.rs");
    }
}
