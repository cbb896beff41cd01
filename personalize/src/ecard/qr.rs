//! QR codes for terminals, paper and screens.

use card_model::words::{Explain, Explanation, Lang};
use qrcode::render::{svg, unicode};
use qrcode::{Color, EcLevel, QrCode};
use rust_i18n::t;

/// Modules of white around a code (ISO/IEC 18004 §5.3.8).
const QUIET: usize = 4;
/// Pixels of a module in a picture.
const SCALE: usize = 8;

/// A text as a QR code of error correction level M: 15 % of it may be dirty.
#[derive(Clone)]
pub struct Picture {
    code: QrCode,
}

/// Why a text gives no picture.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En).what)]
#[non_exhaustive]
pub enum PictureError {
    /// More than the largest QR code holds.
    TooLong {
        /// Characters of the text.
        length: usize,
    },
    /// The encoder of PNG failed.
    Png(#[from] png::EncodingError),
}

impl Picture {
    /// Draws a text.
    ///
    /// # Errors
    /// The text is too long.
    pub fn of(text: &str) -> Result<Self, PictureError> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M);
        let length = text.chars().count();
        let code = code.map_err(|_| PictureError::TooLong { length })?;
        Ok(Self { code })
    }

    /// Modules of one side, without the white around.
    pub fn side(&self) -> usize {
        self.code.width()
    }

    /// For a terminal: two modules a character, dark on light whatever the terminal's colours are.
    pub fn to_terminal(&self) -> String {
        // On the usual dark terminal a blank is dark: the light modules are the ones to print.
        self.code
            .render::<unicode::Dense1x2>()
            .dark_color(unicode::Dense1x2::Light)
            .light_color(unicode::Dense1x2::Dark)
            .build()
    }

    /// For a page: an SVG document.
    pub fn to_svg(&self) -> String {
        self.code.render::<svg::Color<'_>>().module_dimensions(8, 8).build()
    }

    /// For a file: a PNG of one bit a pixel.
    ///
    /// # Errors
    /// The encoder fails.
    pub fn to_png(&self) -> Result<Vec<u8>, PictureError> {
        let side = (self.side() + 2 * QUIET) * SCALE;
        let pixels = u32::try_from(side).unwrap_or(u32::MAX);
        let row_bytes = side.div_ceil(8);
        let mut rows = vec![0xFF; row_bytes * side];
        for (y, row) in rows.chunks_exact_mut(row_bytes).enumerate() {
            for x in (0..side).filter(|x| self.is_dark(x / SCALE, y / SCALE)) {
                row[x / 8] &= !(0x80 >> (x % 8));
            }
        }
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, pixels, pixels);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&rows)?;
        writer.finish()?;
        Ok(file)
    }

    /// A module by its place in the picture, the white around counted.
    fn is_dark(&self, x: usize, y: usize) -> bool {
        let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < self.side());
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) => self.code[(x, y)] == Color::Dark,
            _ => false,
        }
    }
}

impl Explain for PictureError {
    fn explain(&self, lang: Lang) -> Explanation {
        let what = match self {
            Self::TooLong { length } => t!("ecard.qr.too_long", locale = lang.locale(), length = length).into_owned(),
            Self::Png(error) => error.to_string(),
        };
        Explanation {
            what,
            why: None,
            next: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads a picture with a decoder that is not ours.
    fn scanned(picture: &Picture) -> String {
        let file = picture.to_png().unwrap();
        let mut decoder = png::Decoder::new(std::io::Cursor::new(&file));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let width = info.width as usize;
        let height = info.height as usize;
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| pixels[y * width + x]);
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1);
        grids[0].decode().unwrap().1
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn another_decoder_reads_it(text in "[ -~]{1,300}") {
            prop_assert_eq!(scanned(&Picture::of(&text).unwrap()), text);
        }
    }

    #[test]
    fn the_three_forms_show_one_code() {
        let picture = Picture::of("SSC1:TEST").unwrap();
        assert_eq!(scanned(&picture), "SSC1:TEST");
        let lines = picture.to_terminal().lines().count();
        assert_eq!(lines, (picture.side() + 2 * QUIET).div_ceil(2));
        let svg = picture.to_svg();
        assert!(svg.starts_with("<?xml") && svg.ends_with("</svg>"), "{svg}");
    }

    #[test]
    fn too_long_is_told() {
        let error = Picture::of(&"長".repeat(2000)).err().unwrap();
        assert_eq!(error.to_string(), "2000 characters do not fit into a QR code");
    }
}
