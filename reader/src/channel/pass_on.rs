//! What a decorator does not change.

/// Within `impl Channel`: passes the named methods of [`Channel`](crate::channel::Channel), or `all`, on to another channel.
///
/// ```
/// # use reader::channel::{Channel, TransportError};
/// /// A card that is told nothing.
/// struct Deaf<C>(C);
///
/// impl<C: Channel> Channel for Deaf<C> {
///     reader::pass_on!(self => self.0; name reset_answer protocol reset reason comment);
///
///     fn transmit(&mut self, _command: &[u8]) -> Result<Vec<u8>, TransportError> {
///         Ok(vec![0x6F, 0x00])
///     }
/// }
/// ```
#[macro_export]
macro_rules! pass_on {
    ($self:ident => $channel:expr; all) => {
        $crate::pass_on!(
            $self => $channel;
            name reset_answer protocol transmit reset control reason is_bench lose_power_after change_interface comment
        );
    };
    ($self:ident => $channel:expr; $($method:ident)+) => {
        $($crate::pass_on!(@$method $self $channel);)+
    };
    (@name $self:ident $channel:expr) => {
        fn name(&$self) -> &str {
            $channel.name()
        }
    };
    (@reset_answer $self:ident $channel:expr) => {
        fn reset_answer(&$self) -> &$crate::channel::Reset {
            $channel.reset_answer()
        }
    };
    (@protocol $self:ident $channel:expr) => {
        fn protocol(&$self) -> $crate::channel::Protocol {
            $channel.protocol()
        }
    };
    (@transmit $self:ident $channel:expr) => {
        fn transmit(&mut $self, command: &[u8]) -> Result<Vec<u8>, $crate::channel::TransportError> {
            $channel.transmit(command)
        }
    };
    (@reset $self:ident $channel:expr) => {
        fn reset(&mut $self) -> Result<(), $crate::channel::TransportError> {
            $channel.reset()
        }
    };
    (@control $self:ident $channel:expr) => {
        fn control(&mut $self, code: u32, data: &[u8]) -> Result<Option<Vec<u8>>, $crate::channel::TransportError> {
            $channel.control(code, data)
        }
    };
    (@reason $self:ident $channel:expr) => {
        fn reason(&$self) -> Option<$crate::channel::Reason> {
            $channel.reason()
        }
    };
    (@is_bench $self:ident $channel:expr) => {
        fn is_bench(&$self) -> bool {
            $channel.is_bench()
        }
    };
    (@lose_power_after $self:ident $channel:expr) => {
        fn lose_power_after(&mut $self, words: Option<u64>) {
            $channel.lose_power_after(words);
        }
    };
    (@change_interface $self:ident $channel:expr) => {
        fn change_interface(
            &mut $self,
            interface: $crate::channel::Interface,
        ) -> Result<(), $crate::channel::TransportError> {
            $channel.change_interface(interface)
        }
    };
    (@comment $self:ident $channel:expr) => {
        fn comment(&mut $self, text: &str) {
            $channel.comment(text);
        }
    };
}
