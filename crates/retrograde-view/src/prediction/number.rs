//! The parts of a page that explain a number: itself, and what each input adds to it.

use super::{FEATURES, InputContribution, PredictionExplanation};
use crate::heat_map::Shades;
use crate::html::{both, escaped};
use crate::summary::rough;
use std::fmt::Write;

impl PredictionExplanation {
    /// The number, and the image.
    pub(super) fn number_section(&self, value: f64) -> String {
        let answer = format!("<b>{} = {}</b>", escaped(self.target_name()), rough(value));
        let says =
            both(&format!("The network predicts {answer}."), &format!("신경망의 예측은 {answer}입니다."));
        format!("<section><h2>{says}</h2>{}</section>", self.input_image())
    }

    /// The contributions of the inputs: as a picture, or as a list with the names of the columns.
    pub(super) fn inputs_section(&self, value: f64) -> String {
        let contributions = self.input_contributions();
        let sum: f64 = contributions.iter().map(|input| input.product()).sum();
        let (target, value, sum, rest) =
            (escaped(self.target_name()), rough(value), rough(sum), rough(value - sum));
        let title = both("What each input adds to the prediction", "입력마다 예측에 더한 값");
        let hint = both(
            &format!(
                "The value of an input, as the network gets it, times the slope of the prediction: to first order, how far this \
                input has moved {target} from where it would be with a 0, which of a standardized column is the mean. Together \
                they are {sum}. The rest of {value}, {rest}, is the prediction for zeros and what a straight line misses."
            ),
            &format!(
                "신경망에 들어간 입력값에 예측의 기울기를 곱한 값입니다. 입력이 0(표준화한 열이라면 평균)일 때보다 {target}이(가) 얼마나 \
                달라졌는지를 1차로 어림합니다. 모두 더하면 {sum}입니다. 예측 {value}에서 이를 뺀 {rest}는 입력이 모두 0일 때의 예측과, \
                직선으로 어림해서 생긴 차이입니다."
            ),
        );
        let body = if self.image_shape().is_some() {
            let mut pixels = vec![0.0; contributions.len()];
            for input in &contributions {
                pixels[input.input] = input.product();
            }
            self.picture(&pixels, Shades::signed_for(&pixels), "alt_contributions")
        } else {
            self.contribution_list(&contributions)
        };
        format!("<section><h2>{title}</h2><p class=\"soft\">{hint}</p>{body}</section>")
    }

    fn contribution_list(&self, contributions: &[InputContribution]) -> String {
        let mut items = String::new();
        for input in contributions.iter().take(FEATURES) {
            // Writing to a string cannot fail.
            let _ = write!(
                items,
                "<li><span>{}</span><code>{} × {} = <b class=\"{}\">{}</b></code></li>",
                escaped(&self.description.feature_name(input.input)),
                rough(input.value),
                if input.slope < 0.0 { format!("({})", rough(input.slope)) } else { rough(input.slope) },
                if input.product() >= 0.0 { "plus" } else { "minus" },
                rough(input.product()),
            );
        }
        format!("<ul class=\"units\">{items}</ul>")
    }
}
