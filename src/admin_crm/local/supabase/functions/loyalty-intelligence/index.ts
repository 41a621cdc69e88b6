import { offer } from "../_shared/actions.ts";
import { serve } from "../_shared/serve.ts";

serve({ offer }, "offer");
