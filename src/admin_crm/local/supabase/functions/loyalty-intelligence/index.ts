import { loyalty } from "../_shared/actions.ts";
import { serve } from "../_shared/serve.ts";

serve({ analyze_loyalty: loyalty }, "analyze_loyalty");
